// Not run: compiled in an own project, where the globals are those of workerd, as in a user's Worker.
import worker, { countersign, createWorker, type WorkerBindings } from '@countersign/worker'

worker satisfies ExportedHandler<WorkerBindings>

createWorker((env: { readonly EDGE_KEY: string }) => ({ key: env.EDGE_KEY })) satisfies ExportedHandler<{
  readonly EDGE_KEY: string
}>

export default {
  async fetch(request, env) {
    return fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
  },
} satisfies ExportedHandler<WorkerBindings>
