// This file is compiled and never run. Its project has the globals of workerd, as a user's Worker has.
import worker, { countersign, createWorker, type WorkerBindings } from '@countersign/worker'

worker satisfies ExportedHandler<WorkerBindings>

createWorker((env: { readonly EDGE_KEY: string }) => ({ key: env.EDGE_KEY })) satisfies ExportedHandler<{
  readonly EDGE_KEY: string
}>

createWorker((env: { readonly EDGE_KEY: string; readonly VPC: Fetcher }, ctx: ExecutionContext) => ({
  key: env.EDGE_KEY,
  require: { verified: true, access: ctx.access?.aud ?? 'none' },
  fetcher: env.VPC,
})) satisfies ExportedHandler<{ readonly EDGE_KEY: string; readonly VPC: Fetcher }>

export default {
  async fetch(request, env) {
    return fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
  },
} satisfies ExportedHandler<WorkerBindings>
