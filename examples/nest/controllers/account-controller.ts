import { Controller, Get, VERSION_NEUTRAL, Version } from '@nestjs/common'
import { ClientCert } from '../client-cert/client-cert.ts'
import { Public } from '../client-cert/require-client-cert.ts'

interface Account {
  readonly name: string | undefined
  readonly validTo: string
}

/** Routes without a requirement of their own: any verified certificate opens them. */
@Controller()
export class AccountController {
  @Get('me')
  me(@ClientCert() { subject, validTo }: ClientCert): Account {
    return { name: subject.CN, validTo }
  }

  @Get('healthz')
  @Version(VERSION_NEUTRAL)
  @Public()
  health(): { readonly ok: true } {
    return { ok: true }
  }
}
