// Replaced by the build of the element.
