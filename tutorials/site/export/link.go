package export

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// linking are the attributes whose value is an address.
var linking = []string{"href", "src", "action", "poster", "data"}

// answered are addresses that a server answers itself. In the copy a link to one of them leads to the
// page that says how to start the servers.
var answered = []string{"/stats", "/metrics", "/healthz", "/echo", "/chat"}

// relink makes all links of a page relative.
func (p *page) relink() error {
	for n := range p.root.Descendants() {
		for i, a := range n.Attr {
			if !slices.Contains(linking, a.Key) {
				continue
			}
			link, err := p.relative(a.Val)
			if err != nil {
				return err
			}
			n.Attr[i].Val = link
		}
	}
	return nil
}

// relative returns a link of this page as it must be in the copy.
func (p *page) relative(link string) (string, error) {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "", err
	case u.Hostname() == "127.0.0.1":
		u.Scheme, u.Host = "", "" // a server of this site: all have the same pages
	case u.Scheme != "" || u.Host != "" || u.Path == "":
		return link, nil // it leads elsewhere, or to another place of this page
	}
	u = (&url.URL{Path: addressOf(p.name)}).ResolveReference(u)
	file, found := p.files[u.Path]
	if !found && slices.Contains(answered, u.Path) {
		file, found, u.Fragment = p.files[aboutAddress], true, "servers"
	}
	if !found {
		return "", fmt.Errorf("the link to %s leads to what the copy doesn't have", link)
	}
	to := url.URL{Path: between(p.name, file), RawQuery: u.RawQuery, Fragment: u.Fragment}
	return to.String(), nil
}

// between returns the relative address that leads from one file of the copy to another.
func between(from, to string) string {
	folders := strings.Split(path.Dir(from), "/")
	if folders[0] == "." {
		folders = nil
	}
	parts := strings.Split(to, "/")
	same := 0
	for same < len(folders) && same < len(parts)-1 && folders[same] == parts[same] {
		same++
	}
	return strings.Repeat("../", len(folders)-same) + strings.Join(parts[same:], "/")
}
