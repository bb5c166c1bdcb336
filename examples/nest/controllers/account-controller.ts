import { Controller, Get, VERSION_NEUTRAL, Version } from '@nestjs/common'
import { ClientCert } from '../client-cert/client-cert.ts'
import { OptionalClientCert, Public } from '../client-cert/require-client-cert.ts'

interface Account {
  readonly name: string | undefined
  readonly validTo: string
}

/** Routes for any verified certificate, for none at all, and for both. */
@Controller()
export class AccountController {
  @Get('me')
  me(@ClientCert() { subject, validTo }: ClientCert): Account {
    return { name: subject.CN, validTo }
  }

  @Get('greeting')
  @OptionalClientCert()
  greet(@ClientCert() cert: ClientCert | null): string {
    return `Hello ${cert?.subject.CN ?? 'stranger'}`
  }

  @Get('healthz')
  @Version(VERSION_NEUTRAL)
  @Public()
  health(): { readonly ok: true } {
    return { ok: true }
  }
}
