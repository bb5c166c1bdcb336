import type { DevClient, EdgeResponse } from '@countersign/dev-edge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Quickstart, startQuickstart } from '../support/quickstart.ts'

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

/** The proofs on the page with their verdicts, such as `edge holds`. */
function chainOf({ body }: EdgeResponse): string[] {
  return [...body.matchAll(/class="proof (\w+)" data-step="(\w+)"/g)].map(([, verdict, step]) => `${step} ${verdict}`)
}

describe('the page of the quickstart', () => {
  let quickstart: Quickstart
  beforeAll(async () => {
    quickstart = await startQuickstart()
  })
  afterAll(() => quickstart.close())

  const browse = (path: string, client?: DevClient, headers: Record<string, string> = {}) =>
    quickstart.edge.fetch(path, { client, headers: { ...BROWSER, ...headers } })

  it('shows an admitted visitor the identity and its proofs', async () => {
    const client = await quickstart.edge.issueClient({
      subject: 'CN=carol,OU=Ops,O=Acme',
      serialNumber: '4711',
      san: { dns: ['carol.acme.example'], uri: ['spiffe://acme/carol'] },
    })
    const answer = await browse('/', client)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(chainOf(answer)).toEqual(['edge holds', 'access holds', 'certificate holds', 'trust holds'])
    for (const text of [
      '<h1 id="name">carol</h1>',
      '<code>CN=carol,OU=Ops,O=Acme</code>',
      '<code>CN=Acme Client CA,O=Acme</code>',
      '89 days left</strong>, 1 % used',
      '<code>4711</code>',
      'carol.acme.example',
      'spiffe://acme/carol',
      '<strong>dev@example.com</strong>, who signed in',
    ]) {
      expect(answer.body).toContain(text)
    }
  })

  it.each([
    ['service', 'Service token <code>88bf3b6d86161464f6509f7219099e57.access</code>'],
    ['certificate', 'The certificate of <strong>alice</strong>'],
  ])('shows that Access admitted by %s', async (access, text) => {
    const { body } = await browse('/', quickstart.edge.clients.alice, { 'Countersign-Dev-Access': access })
    expect(body).toContain(text)
  })

  it('offers the routes of the origin, not its own', async () => {
    const { body } = await browse('/', quickstart.edge.clients.alice)
    const offered = [...body.matchAll(/data-url="([^"]*)"/g)].map((match) => match[1])
    expect(offered).toEqual(['/healthz', '/me', '/pay', '/branch', '/login', '/ops', '/payroll.csv'])
    expect(body).toContain('subject O=Acme and subject CN=alice|pay-1')
  })

  it('escapes the text of a certificate', async () => {
    const san = { uri: ['https://x/?"><img src=x>'] }
    const subject = String.raw`CN=\<script\>alert(1)\</script\>\, \"\+\23 &amp\;,O=Acme`
    const { status, body } = await browse('/', await quickstart.edge.issueClient({ subject, san }))
    expect(status).toBe(200)
    expect(body).toContain('<h1 id="name">&lt;script&gt;alert(1)&lt;/script&gt;, &quot;+# &amp;amp;</h1>')
    expect(body).toContain('https://x/?&quot;&gt;&lt;img src=x&gt;')
    expect(body.match(/<script\b[^>]*>/g)).toEqual(['<script src="/page.js" defer>'])
    expect(body.match(/<img\b[^>]*>/g)).toHaveLength(1)
  })

  it('shows a character that reverses the direction of a name', async () => {
    const client = await quickstart.edge.issueClient({ subject: 'CN=\u202eecila,O=Acme' })
    const { body } = await browse('/', client)
    expect(body).toContain(String.raw`<h1 id="name">\E2\80\AEecila</h1>`)
    expect(body).not.toContain('\u202e')
  })

  it('shows the whole subject of a certificate without one common name', async () => {
    const { body } = await browse('/', await quickstart.edge.issueClient({ subject: 'CN=a,CN=b,O=Acme' }))
    expect(body).toContain('<h1 id="name">CN=a,CN=b,O=Acme</h1>')
  })

  it.each(['/', '/me'])('allows no script and no style but its own files, at %s', async (path) => {
    const client = path === '/' ? quickstart.edge.clients.alice : undefined
    const { headers, body } = await browse(path, client)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; /)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|data:|https?:/)
    expect(body).not.toMatch(/\sstyle=|<style|\son\w+=|javascript:/i)
  })

  it.each([
    ['/page.css', 'text/css; charset=utf-8'],
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml; charset=utf-8'],
  ])('serves %s to every client, refused clients included', async (path, type) => {
    const headers = { 'Countersign-Dev-Access': 'none' }
    expect(await browse(path, undefined, headers)).toMatchObject({ status: 200, headers: { 'content-type': type } })
  })

  it('shows a visitor without a certificate the failed proof and the earlier ones', async () => {
    const answer = await browse('/')
    expect(answer).toMatchObject({ status: 401, headers: { vary: 'Accept' } })
    expect(chainOf(answer)).toEqual(['edge holds', 'access holds', 'certificate failed', 'trust open'])
    expect(answer.body).toContain('<h1 id="refused">A client certificate is required</h1>')
    expect(answer.body).toContain('<code>CSN_CERT_MISSING</code>')
    expect(answer.body).toContain('Import your client certificate')
  })

  it('names the certificate of another CA as the failed proof, with the reason', async () => {
    const answer = await browse('/', quickstart.edge.clients.otherCa)
    expect(answer.status).toBe(403)
    expect(chainOf(answer)).toEqual(['edge holds', 'access holds', 'certificate failed', 'trust open'])
    expect(answer.body).toContain('<code>CSN_CERT_UNVERIFIED</code>')
    expect(answer.body).toContain('FAILED:unable to verify the first certificate')
    // The name is not proven: only the reason has it.
    expect(answer.body.replace(/<code>Cloudflare.*?<\/code>/, '')).not.toContain('alice')
  })

  it('has a page for a good certificate at a route that is for others', async () => {
    const answer = await browse('/branch', quickstart.edge.clients.alice)
    expect(answer.status).toBe(403)
    expect(chainOf(answer).at(-1)).toBe('route failed')
    expect(answer.body).toContain('<code>CSN_CERT_FORBIDDEN</code>')
  })

  it('has a page for a request around the edge', async () => {
    const answer = await quickstart.app.inject({ url: '/', headers: BROWSER })
    expect(answer.statusCode).toBe(401)
    expect(answer.body).toContain('<code>CSN_SIGNATURE_MISSING</code>')
    expect(answer.body).toContain('class="proof failed" data-step="edge"')
  })

  it('gives a refused client the same page for existing and unknown routes', async () => {
    const [known, unknown] = await Promise.all([browse('/pay'), browse('/<nowhere>?secret=1')])
    expect(unknown.status).toBe(401)
    expect(unknown.body).toBe(known.body)
  })

  it.each(['application/json', '*/*', 'application/json, text/html'])(
    'answers with JSON to Accept: %s',
    async (accept) => {
      const answer = await browse('/me', undefined, { Accept: accept })
      expect(answer).toMatchObject({ status: 401, headers: { vary: 'Accept' } })
      expect(answer.json()).toEqual({
        statusCode: 401,
        code: 'CSN_CERT_MISSING',
        error: 'Unauthorized',
        message: 'A client certificate is required',
      })
    },
  )

  it('does not change errors that are not refusals', async () => {
    const answer = await browse('/nowhere', quickstart.edge.clients.alice)
    expect(answer.status).toBe(404)
    expect(answer.json()).toMatchObject({ statusCode: 404 })
  })
})

describe('the page in production', () => {
  it('shows neither the reason of a refusal nor the requirement of a route', async () => {
    const { edge, close } = await startQuickstart(false)
    try {
      const { body: refused } = await edge.fetch('/', { client: edge.clients.otherCa, headers: BROWSER })
      expect(refused).toContain('The client certificate was not verified.')
      expect(refused).not.toContain('FAILED')
      const { body: admitted } = await edge.fetch('/', { client: edge.clients.alice, headers: BROWSER })
      expect(admitted).toContain('data-url="/pay"')
      expect(admitted).not.toContain('pay-1')
      expect(admitted).not.toContain('policy ops')
    } finally {
      await close()
    }
  })
})
