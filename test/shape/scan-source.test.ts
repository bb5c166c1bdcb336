// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources under test are strings
import { describe, expect, it } from 'vitest'
import { filesMatching, readText } from '../support/files.ts'
import { keepPieces, type Language, type Piece, scanSource } from './scan-source.ts'

/** The texts of all pieces of one kind. */
function piecesOf(kind: Piece['kind'], text: string, language: Language = 'script'): string[] {
  return scanSource(text, language)
    .filter((piece) => piece.kind === kind)
    .map(({ start, end }) => text.slice(start, end))
}

describe('scanSource', () => {
  it('finds line and block comments', () => {
    expect(piecesOf('comment', 'a // b\n/* c\n * d */ e /**/')).toEqual(['// b', '/* c\n * d */', '/**/'])
  })

  it('finds no comment in a string', () => {
    expect(piecesOf('comment', `a = 'https://x' + "/* y */" + 'it\\'s // z'`)).toEqual([])
  })

  it('finds no string in a comment', () => {
    expect(piecesOf('string', "// it's\na = 'b'")).toEqual(["'b'"])
  })

  it('finds no comment in a template, and those of its expressions', () => {
    expect(piecesOf('comment', '`// a ${b /* c */} // d`; // e')).toEqual(['/* c */', '// e'])
  })

  it('ends an expression of a template at its own brace', () => {
    expect(piecesOf('comment', '`${{ a: { b: `${c}//` } }} // d ${e}`// f')).toEqual(['// f'])
  })

  it('skips an escaped backtick and an escaped expression', () => {
    expect(piecesOf('template', 'a = `b \\` \\${c // d`')).toEqual(['`b \\` \\${c // d`'])
  })

  it.each([
    ['a = /[/"]\\/\'/g', ['/[/"]\\/\'/g']],
    ['return /`/.test(a)', ['/`/']],
    ['f(/* b */ /c"/)', ['/c"/']],
    ['`${/"/.test(a)}`', ['/"/']],
    ['}\n/"/.exec(a)', ['/"/']],
  ])('finds the regular expression of %j', (text, expected) => {
    expect(piecesOf('regex', text)).toEqual(expected)
  })

  it.each(['a / b / c', 'f(a) / 2 / b', 'a[0] / 2 / b', '`a` / 2 / b', "'a' / 2 / b", 'a / b\n / c'])(
    'finds none in %j',
    (text) => {
      expect(piecesOf('regex', text)).toEqual([])
    },
  )

  it('knows the comments of CSS alone', () => {
    const text = 'a { background: url(https://x) } /* b */ q { content: "/* c */" }'
    expect(piecesOf('comment', text, 'css')).toEqual(['/* b */'])
  })

  it('leaves out nothing of any source file', () => {
    const paths = ['packages', 'examples', 'test', 'bench'].flatMap((folder) => filesMatching(`${folder}/**/*.ts`))
    expect(paths.length).toBeGreaterThan(300)
    for (const path of paths) {
      const text = readText(path)
      const pieces = scanSource(text, 'script')
      expect(pieces.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
      // After a mistake, code is taken for a string or a string for code: its parentheses no longer match.
      const code = keepPieces(text, pieces, ['code'])
      expect([path, code.split('(').length]).toEqual([path, code.split(')').length])
    }
  })
})

describe('keepPieces', () => {
  it('blanks the other pieces and keeps their lines', () => {
    const text = 'a /* b\nc */ d'
    expect(keepPieces(text, scanSource(text, 'script'), ['code'])).toBe('a     \n     d')
  })
})
