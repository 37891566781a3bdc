// Package draw is what figures are drawn with: a page with its title, legend and caption, pens and letters, axes, panels, grids
// of cells, and the files that come of it, as PNG and as SVG. It knows a strategy as a label that has a style, and nothing of
// trials, statistics and verdicts: what a figure shows, and what is said of it, is package report's.
//
// A [Figure] is a page around a body. Its Draw gets a [Pen] for the body, whose Min and Max are the corners; lengths are
// points, and y grows upwards. Room is taken from a pen by value ([Pen.Paragraph], [Pen.Cut], [Pen.Inside] return what is left),
// [Pen.Axes] makes a [Panel] of it, and a [Grid] or a [Stack] of rows fills it as a whole. Both know their height, because a page
// is as high as what is on it.
//
// The same figure gives the same bytes. Text is measured before it is set ([Typesetter]), in a font that is part of the
// program, so that nothing depends on what a machine has installed. Text that has no room is wrapped or cut, and never leaves
// its place. Colours, sizes of text and distances are those of one theme, and are not settings.
package draw
