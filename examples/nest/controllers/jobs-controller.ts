import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Version } from '@nestjs/common'
import { ClientCert } from '../client-cert/client-cert.ts'
import { RequireClientCert } from '../client-cert/require-client-cert.ts'
import { JobsService } from './jobs-service.ts'

/** Routes for operators. */
@Controller('jobs')
@RequireClientCert('ops')
export class JobsController {
  constructor(@Inject(JobsService) private readonly jobs: JobsService) {}

  @Get()
  list(): readonly string[] {
    return this.jobs.list()
  }

  @Get()
  @Version('2')
  listWithOwners(): readonly { readonly name: string; readonly owner: string }[] {
    return this.jobs.listWithOwners()
  }

  @Post()
  add(@ClientCert() { subject }: ClientCert, @Body() { name }: { readonly name: string }): void {
    this.jobs.add(name, subject.CN ?? '')
  }

  @Delete()
  @HttpCode(204)
  @RequireClientCert({ subject: { O: 'Acme', OU: 'Ops', CN: 'alice' } })
  clear(): void {
    this.jobs.clear()
  }
}
