/** Text that is HTML already. Only {@link html} makes it. */
export class Html {
  readonly #text: string

  /** Not for calling elsewhere: whatever gets in here is not escaped. */
  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** What a template takes: text is escaped, {@link Html} stays, lists are joined, and nothing leaves nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[]

/**
 * A template for HTML. Every value is escaped for element content and for quoted attributes, so attributes have to be
 * quoted, and no value may stand in a script or a style, nor one that a client sent in the place of a URL.
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
 * Characters that one cannot see but that change what one sees: a right-to-left override in a name makes it read as
 * another. They become pairs of hexadecimal digits, as RFC 4514 (section 2.4) escapes them.
 */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '\\$&'),
  )
}
