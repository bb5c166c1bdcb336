import { Injectable } from '@nestjs/common'

interface Job {
  readonly name: string
  readonly owner: string
}

/** The jobs, in memory. */
@Injectable()
export class JobsService {
  readonly #jobs: Job[] = []

  list(): readonly string[] {
    return this.#jobs.map(({ name }) => name)
  }

  listWithOwners(): readonly Job[] {
    return this.#jobs
  }

  add(name: string, owner: string): void {
    this.#jobs.push({ name, owner })
  }

  clear(): void {
    this.#jobs.length = 0
  }
}
