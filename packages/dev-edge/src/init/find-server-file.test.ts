import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findServerFile } from './find-server-file.ts'

describe('findServerFile', () => {
  const root = mkdtempSync(join(tmpdir(), 'countersign-'))
  afterAll(() => rmSync(root, { recursive: true }))

  /** A folder with empty files, and the script `start`. */
  function folderWith(paths: readonly string[], start?: unknown): string {
    const folder = mkdtempSync(join(root, 'app-'))
    mkdirSync(join(folder, 'src'))
    for (const path of paths) writeFileSync(join(folder, path), '')
    if (start !== undefined) writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start } }))
    return folder
  }

  it.each([
    [['server.ts', 'app.ts'], 'server.ts'],
    [['app.ts'], 'app.ts'],
    [['app.js', 'main.mjs'], 'main.mjs'],
    [['index.cjs', 'app.js'], 'index.cjs'],
    [['src/server.mts', 'src/app.cts'], 'src/server.mts'],
    [['src/server.ts', 'app.js'], 'app.js'],
    [['server.tsx', 'serve.ts'], undefined],
  ])('finds among %j: %s', (paths, found) => {
    expect(findServerFile(folderWith(paths))).toBe(found)
  })

  it.each([
    ['node src/start.ts', 'src/start.ts'],
    ['NODE_ENV=production node --watch --env-file=.env src/start.ts --verbose', 'src/start.ts'],
    ['node ./src/start.ts', './src/start.ts'],
    ['node dist/start.js', 'server.js'],
    ['fastify start src/start.ts', 'server.js'],
    ['nodemon src/start.ts', 'server.js'],
    ['node -r ./server.js src/start.ts', 'src/start.ts'],
    ['node --require server.js --import  ./server.js src/start.ts', 'src/start.ts'],
    ['node --loader server.js --experimental-loader server.js src/start.ts', 'src/start.ts'],
    ['node src/start.ts server.js', 'src/start.ts'],
    ['node server.js && node src/start.ts', 'src/start.ts'],
    ['node server.js; node src/start.ts | node_modules/.bin/pino-pretty', 'src/start.ts'],
    [7, 'server.js'],
  ])('finds for the script %j: %s', (start, found) => {
    expect(findServerFile(folderWith(['server.js', 'src/start.ts'], start))).toBe(found)
  })

  it('passes by a folder with the name of a file', () => {
    const folder = folderWith(['app.js'])
    mkdirSync(join(folder, 'server.js'))
    expect(findServerFile(folder)).toBe('app.js')
  })

  it('passes by a link that leads to itself', () => {
    const folder = folderWith(['app.js'])
    symlinkSync('server.js', join(folder, 'server.js'))
    expect(findServerFile(folder)).toBe('app.js')
  })

  it('takes a wrong manifest for none', () => {
    const folder = folderWith(['server.js'])
    writeFileSync(join(folder, 'package.json'), '{')
    expect(findServerFile(folder)).toBe('server.js')
  })
})
