"""Faster builds with MkDocs and Material: what was computed for an earlier build or another page is not computed again.

The contract:

- **It changes nothing on any page.** With `speedup: false` in the plugin's options none of this runs, and every file of
  the site is the same, byte for byte. So are the warnings.
- **It replaces parts of the hosts while a build runs**, and puts them back at the end, also if the build fails:
  `Page.render` of MkDocs; excerpts, reading time, search entries and the YAML loader of Material; in live preview also
  how files are written and pages are rendered.
- **It recognises the hosts by content.** `hosts` holds a digest of each class, function and template that is replaced
  or relied on, and lists the plugins that were reviewed; `conversion` lists the Markdown extensions. What is unknown is
  left alone: another version of a host, an extension that reads files, a plugin that may change any page. Such a build
  is slower, and an `INFO` line says why.
- **A value is kept under a digest of all its inputs**, versions of libraries included, below `.mlblog`.

`build.Speedup` is all that the plugin calls.
"""
