// The library registers its algorithms through decorators and refuses to load without this polyfill: it comes first.
import 'reflect-metadata'

export * from '@peculiar/x509'
