/** Text that is already HTML. Only {@link html} makes it. */
export class Html {
  readonly #text: string

  /** Only {@link html} may call this: the text is not escaped. */
  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** A value of a template. Text is escaped, {@link Html} stays, lists are joined; `undefined` and `false` add nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[]

/**
 * Makes HTML from a template. It escapes every value for element content and quoted attributes. So write attributes in
 * quotes. Put no value into a script or a style, and no value from a client in the place of a URL.
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
  return escapeHtml(visible(String(value)))
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
 * Shows invisible characters as pairs of hexadecimal digits, in the escapes of RFC 4514 (section 2.4). They change the
 * visible text: a right-to-left override makes a name read as another.
 */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '\\$&'),
  )
}
