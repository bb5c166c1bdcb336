import { argv } from 'node:process'
import { writeClients } from './prepared-clients.ts'

/** A process that makes a part of the clients: `make-clients.ts <folder> <from> <to>`. */
const [, , folder = '', from = '', to = ''] = argv
writeClients(folder, Number(from), Number(to))
