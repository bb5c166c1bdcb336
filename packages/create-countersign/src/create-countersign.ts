#!/usr/bin/env node
import { argv } from 'node:process'
import { runCommand, tolerateClosedPipes } from '@countersign/dev-edge/command'

tolerateClosedPipes()
process.exitCode = await runCommand(['init', ...argv.slice(2)])
