import { describe, expect, it } from 'vitest'
import { html } from './html.ts'

describe('html', () => {
  it('escapes values for element content and for quoted attributes', () => {
    const name = `<script>alert("a")</script> & 'b'`
    expect(String(html`<p title="${name}">${name}</p>`)).toBe(
      '<p title="&lt;script&gt;alert(&quot;a&quot;)&lt;/script&gt; &amp; &#39;b&#39;">&lt;script&gt;alert(&quot;a&quot;)&lt;/script&gt; &amp; &#39;b&#39;</p>',
    )
  })

  it('leaves what it made itself, in lists too', () => {
    expect(String(html`<ul>${['<', '>'].map((each) => html`<li>${each}</li>`)}</ul>`)).toBe(
      '<ul><li>&lt;</li><li>&gt;</li></ul>',
    )
  })

  it('escapes an object that merely looks like HTML of its own', () => {
    const posing = { toString: () => '<b>' } as unknown as string
    expect(String(html`${posing}`)).toBe('&lt;b&gt;')
  })

  it('leaves nothing for undefined and false, and keeps 0', () => {
    expect(String(html`[${undefined}${false}${0}]`)).toBe('[0]')
  })

  it('does not read escape sequences in the template', () => {
    expect(String(html`a\nb`)).toBe('a\nb')
  })

  it.each([
    ['a right-to-left override', 'CN=\u202eecila', 'CN=\\E2\\80\\AEecila'],
    ['a zero-width space', 'ali\u200bce', 'ali\\E2\\80\\8Bce'],
    ['a tag character beyond the first plane', 'a\u{e0061}', 'a\\F3\\A0\\81\\A1'],
    ['NUL and line breaks', 'a\0\r\nb\u2028', 'a\\00\\0D\\0Ab\\E2\\80\\A8'],
  ])('shows %s, which would deceive the eye', (_name, text, shown) => {
    expect(String(html`${text}`)).toBe(shown)
  })

  it('leaves letters of every script', () => {
    expect(String(html`${'Zoë Ελένη 花子 🦊'}`)).toBe('Zoë Ελένη 花子 🦊')
  })
})
