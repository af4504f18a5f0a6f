// Where the site is. A static host may have it below any path, so scripts ask here for the address of a page or file.

// at returns the address of a page or file of the site. Its argument begins with a slash, which stands for the place
// where the site begins.
export const at = (path) => new URL(`.${path}`, import.meta.url).href;

// isCopy tells whether this page belongs to a copy that go run ./tutorials export wrote. Such a copy has no server that
// could tell anything about itself, and no coach.
export const isCopy = "copy" in document.documentElement.dataset;
