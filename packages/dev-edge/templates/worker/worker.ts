// The Worker of Countersign, unchanged. For bindings of your own, export createWorker((env) => ({ … })) instead:
// node_modules/@countersign/worker/README.md describes its options.
export { default } from '@countersign/worker'
