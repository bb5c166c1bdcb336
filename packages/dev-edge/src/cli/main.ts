#!/usr/bin/env node
import { argv } from 'node:process'
import { tolerateClosedPipes } from './output/print.ts'
import { runCommand } from './run-command.ts'

tolerateClosedPipes()
process.exitCode = await runCommand(argv.slice(2))
