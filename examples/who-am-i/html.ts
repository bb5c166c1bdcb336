/** Text that is already HTML. Only {@link html} makes it. */
export class Html {
  readonly #text: string

  /** For {@link html} alone: the constructor does not escape its text. */
  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** The value of a template: text is escaped, {@link Html} is kept, lists are joined, `undefined` and `false` are left out. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[]

/**
 * A template for HTML. It escapes every value for element content and for quoted attributes. So quote every attribute,
 * put no value into a script or a style, and use no value from a client as a URL.
 *
 * @example
 * ```ts
 * String(html`<p title="${'"'}">${'<b>'}</p>`) // '<p title="&quot;">&lt;b&gt;</p>'
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toHtml)))
}

function toHtml(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(toHtml).join('')
  return escapeHtml(showInvisible(String(value)))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}

/**
 * An invisible character can make one name look like another, for example a right-to-left override. Each becomes pairs
 * of hexadecimal digits, as RFC 4514 (section 2.4) escapes them.
 */
function showInvisible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '\\$&'),
  )
}
