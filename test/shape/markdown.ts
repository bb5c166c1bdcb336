import { blank } from './scan-source.ts'

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string
  readonly code: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  /** The text of an HTML comment `<!-- ts: … -->` directly before the block. */
  readonly note: string | undefined
  /** The name of the file that the block quotes: a link to it stands directly before the block. */
  readonly file: string | undefined
}

const FENCED = /^([ \t]*)(```+|~~~+)([^\n`]*)\n([\s\S]*?)^[ \t]*\2[ \t]*$/gm
const NOTE = /^\s*<!-- ts: (.*?) -->$/
const FILE_LINK = /^\[[^\]]*?([\w.-]+\.\w+)\]\([^)]*\)$/

/** The fenced blocks of a Markdown text. The indentation of the fence is taken off the code. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(FENCED)].map(({ index, 1: indent = '', 3: language = '', 4: code = '' }) => {
    const before = markdown.slice(0, index)
    const lastLine = before.trimEnd().split('\n').at(-1) ?? ''
    return {
      language: language.trim(),
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: before.split('\n').length,
      note: NOTE.exec(lastLine)?.[1],
      file: FILE_LINK.exec(lastLine)?.[1],
    }
  })
}

/** The text with its fenced blocks and inline code blanked: lines and columns stay the same. */
export function blankCode(markdown: string): string {
  return markdown.replace(FENCED, blank).replace(/(`+)(?:(?!`|\n\s*\n)[\s\S])+\1/g, blank)
}

/** The words of inline code, in order. */
export function inlineCode(markdown: string): string[] {
  const spans = markdown.replace(FENCED, blank).matchAll(/`([^`\n]+)`/g)
  return [...spans].flatMap((match) => (match[1] as string).split(/\s+/))
}

/** The targets of links, images and link definitions. */
export function linkTargets(markdown: string): string[] {
  const targets = blankCode(markdown).matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)
  return [...targets].map((match) => (match[1] ?? match[2]) as string)
}

/** The anchors of a text's headings, as GitHub writes them: a repeated heading gets a number. */
export function headingAnchors(markdown: string): Set<string> {
  const anchors = new Set<string>()
  const headings = markdown.replace(FENCED, blank).matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*#*$/gm)
  for (const { 1: heading = '' } of headings) {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
    let anchor = slug
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`
    anchors.add(anchor)
  }
  return anchors
}

/** The anchor of a heading's text, as GitHub writes it. */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')
}
