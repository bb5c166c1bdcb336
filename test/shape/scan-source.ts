/** A piece of a source file. The pieces follow each other without gaps. */
export interface Piece {
  readonly kind: 'code' | 'comment' | 'string' | 'template' | 'regex'
  readonly start: number
  readonly end: number
}

export type Language = 'script' | 'css'

/** A slash after one of these words starts a regular expression; after any other word it divides. */
const BEFORE_REGEX = /\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield|new|instanceof)$/

/**
 * Cuts TypeScript, JavaScript or CSS into comments, strings, templates, regular expressions and code.
 *
 * The expressions inside a template are code again. JSX is not supported.
 * A slash after `)` always divides: a regular expression directly after `if (…)` is read as code.
 *
 * @example
 * scanSource('a // b', 'script') // [{ kind: 'code', start: 0, end: 2 }, { kind: 'comment', start: 2, end: 6 }]
 */
export function scanSource(text: string, language: Language): Piece[] {
  const pieces: Piece[] = []
  /** For each open `${`, the number of braces that are open inside of it. */
  const braces: number[] = []
  let at = 0
  let codeStart = 0

  const take = (kind: Piece['kind'], end: number) => {
    if (at > codeStart) pieces.push({ kind: 'code', start: codeStart, end: at })
    pieces.push({ kind, start: at, end })
    at = codeStart = end
  }
  /** From a backtick, or from the brace that ends an expression, to the next expression or the end. */
  const takeTemplate = () => {
    const end = endOf(text, at + 1, /\\[\s\S]|`|\$\{/g, (found) => found === '`' || found === '${')
    take('template', end)
    if (text.endsWith('${', end) && text[end - 1] === '{') braces.push(0)
  }

  while (at < text.length) {
    const char = text[at]
    const two = text.slice(at, at + 2)
    if (two === '/*') take('comment', endOf(text, at + 2, /\*\//g))
    else if (language === 'script' && two === '//') take('comment', endOfLine(text, at))
    else if (char === '"' || char === "'") take('string', endOfString(text, at, char))
    else if (language === 'css') at++
    else if (char === '`') takeTemplate()
    else if (char === '}' && braces.at(-1) === 0) {
      braces.pop()
      takeTemplate()
    } else if (char === '/' && endOfRegex(text, at) !== undefined && startsRegex(text, at, pieces)) {
      take('regex', endOfRegex(text, at) as number)
    } else {
      const open = braces.length - 1
      if (open >= 0) braces[open] = (braces[open] as number) + (char === '{' ? 1 : char === '}' ? -1 : 0)
      at++
    }
  }
  if (at > codeStart) pieces.push({ kind: 'code', start: codeStart, end: at })
  return pieces
}

/** The text with every piece of another kind blanked: lines and columns stay the same. */
export function keepPieces(text: string, pieces: readonly Piece[], kinds: readonly Piece['kind'][]): string {
  return pieces
    .map(({ kind, start, end }) => (kinds.includes(kind) ? text.slice(start, end) : blank(text.slice(start, end))))
    .join('')
}

/** Spaces in place of every character but line breaks. */
export function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

function endOf(text: string, from: number, pattern: RegExp, isEnd: (found: string) => boolean = () => true): number {
  pattern.lastIndex = from
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    if (isEnd(found[0])) return pattern.lastIndex
  }
  return text.length
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** A string that is not closed ends with its line. */
function endOfString(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at + 1
    else if (text[at] === '\n') return at
  }
  return text.length
}

function endOfRegex(text: string, from: number): number | undefined {
  const found = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
  found.lastIndex = from
  return found.test(text) ? found.lastIndex : undefined
}

/** Whether a slash starts an expression here, judged by the last token before it. */
function startsRegex(text: string, at: number, pieces: readonly Piece[]): boolean {
  let end = at
  let last = pieces.length - 1
  for (;;) {
    while (end > 0 && /\s/.test(text[end - 1] as string)) end--
    while (last >= 0 && (pieces[last] as Piece).start >= end) last--
    const piece = pieces[last]
    if (piece?.end !== end || piece.kind === 'code') break
    if (piece.kind !== 'comment') return piece.kind === 'template' && text[end - 1] === '{'
    end = piece.start
  }
  const before = text.slice(Math.max(0, end - 20), end)
  return BEFORE_REGEX.test(before) || !/[\w$)\]]$/.test(before)
}
