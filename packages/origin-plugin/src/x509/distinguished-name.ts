import {
  type AttributeTypeAndValue,
  attributeTypeId,
  formatDistinguishedName,
  parseDistinguishedName,
  type RelativeDistinguishedName,
} from '@countersign/wire'

/**
 * A certificate's subject or issuer: ordered RDNs, most specific first.
 *
 * An attribute that occurs more than once has no single value. Its shortcut and {@link DistinguishedName.get} return
 * `undefined`, and a guard on it matches nothing: choosing one of two common names would be a guess.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4514 RFC 4514}
 * @example
 * ```ts
 * const name = DistinguishedName.parse('CN=pay-1,OU=Ops,O=Acme\\, Inc.')
 * name.O            // 'Acme, Inc.'
 * name.get('2.5.4.3') // 'pay-1'
 * String(name)      // 'CN=pay-1,OU=Ops,O=Acme\\, Inc.'
 * ```
 */
export class DistinguishedName {
  /** The RDNs, most specific first. A multi-valued RDN has more than one attribute. */
  readonly rdns: readonly RelativeDistinguishedName[]
  #attributes: ReadonlyMap<string, readonly AttributeTypeAndValue[]> | undefined
  #text: string | undefined
  #key: string | undefined

  constructor(rdns: readonly RelativeDistinguishedName[]) {
    this.rdns = Object.freeze(rdns.map((rdn) => Object.freeze(rdn.map(shareable))))
    Object.freeze(this)
  }

  /**
   * Reads a name from text.
   *
   * @throws SyntaxError if the text is not a distinguished name
   */
  static parse(text: string): DistinguishedName {
    return new DistinguishedName(parseDistinguishedName(text))
  }

  /** Common name. */
  get CN(): string | undefined {
    return this.get('CN')
  }
  /** Organization. */
  get O(): string | undefined {
    return this.get('O')
  }
  /** Organizational unit. */
  get OU(): string | undefined {
    return this.get('OU')
  }
  /** Country. */
  get C(): string | undefined {
    return this.get('C')
  }
  /** Locality. */
  get L(): string | undefined {
    return this.get('L')
  }
  /** State or province. */
  get ST(): string | undefined {
    return this.get('ST')
  }
  /** User id. */
  get UID(): string | undefined {
    return this.get('UID')
  }
  /** Domain component. */
  get DC(): string | undefined {
    return this.get('DC')
  }
  /** E-mail address (PKCS #9). */
  get emailAddress(): string | undefined {
    return this.get('emailAddress')
  }

  /**
   * Returns the one value of an attribute.
   *
   * @param type - a short name in any case, or a dotted OID
   * @returns the text; `undefined` if the attribute is absent, occurs more than once, or is not text
   * @throws SyntaxError if the type is neither a name nor an OID
   */
  get(type: string): string | undefined {
    const [value, ...others] = this.getAll(type)
    return typeof value === 'string' && others.length === 0 ? value : undefined
  }

  /**
   * Returns every value of an attribute, in order, with bytes for a value that is not text. Each call returns a new
   * list with copies of the bytes.
   *
   * @param type - a short name in any case, or a dotted OID
   * @throws SyntaxError if the type is neither a name nor an OID
   */
  getAll(type: string): readonly (string | Uint8Array)[] {
    this.#attributes ??= attributesById(this.rdns)
    return this.#attributes.get(attributeTypeId(type))?.map(({ value }) => value) ?? []
  }

  /** Whether two names are equal: the same RDNs in the same order, with equal types and exactly equal values. */
  equals(other: DistinguishedName): boolean {
    return this.key === other.key
  }

  /** One string for all spellings of this name, as key in a `Set` or `Map`. */
  get key(): string {
    this.#key ??= JSON.stringify(this.rdns.map(rdnKey))
    return this.#key
  }

  /** The name in RFC 4514 text. */
  toString(): string {
    this.#text ??= formatDistinguishedName(this.rdns)
    return this.#text
  }

  /** Returns the text, so that a logged or serialised certificate shows it. */
  toJSON(): string {
    return this.toString()
  }
}

function attributesById(rdns: readonly RelativeDistinguishedName[]): Map<string, AttributeTypeAndValue[]> {
  const byId = new Map<string, AttributeTypeAndValue[]>()
  for (const attribute of rdns.flat()) {
    const id = attributeTypeId(attribute.type)
    // Appends in place: a copy for each value would take quadratic time for a name that repeats one attribute.
    const attributes = byId.get(id)
    if (attributes) attributes.push(attribute)
    else byId.set(id, [attribute])
  }
  return byId
}

/**
 * Requests share a name, and a handler must not change it for the others. Bytes cannot be frozen, so each read returns
 * a copy.
 *
 * @throws SyntaxError if the type is neither a name nor an OID
 */
function shareable({ type, value }: AttributeTypeAndValue): AttributeTypeAndValue {
  attributeTypeId(type)
  if (typeof value === 'string') return Object.freeze({ type, value })
  const bytes = Uint8Array.from(value)
  return Object.freeze({
    type,
    get value() {
      return Uint8Array.from(bytes)
    },
  })
}

/** The attributes of an RDN are a set (X.501), so their order has no meaning. */
function rdnKey(rdn: RelativeDistinguishedName): string[] {
  return rdn.map(attributeKey).sort()
}

function attributeKey({ type, value }: AttributeTypeAndValue): string {
  // JSON distinguishes text from bytes, and leaves no character that could join two attributes into one.
  return JSON.stringify([attributeTypeId(type), typeof value === 'string' ? value : [...value]])
}
