/** The build of VitePress reads the stylesheet. */
declare module '*.css'
