package command

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestMetricsAreWhatPrometheusReads reads /metrics with the parser of Prometheus' own libraries.
func TestMetricsAreWhatPrometheusReads(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		families := scrape(t, url)
		name := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
		for _, f := range families {
			checkFamily(t, f, name)
		}
		if n := value(families["threeloops_connections"]); n < 1 {
			t.Errorf("%v connections are open, want at least the one that asks", n)
		}
		before := value(families["threeloops_requests_total"])
		if after := value(scrape(t, url)["threeloops_requests_total"]); after <= before {
			t.Errorf("one more request took the number of requests from %v to %v", before, after)
		}
	})
}

func scrape(t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	r, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if diff := cmp.Diff(expfmt.NewFormat(expfmt.TypeTextPlain), expfmt.ResponseFormat(r.Header)); diff != "" {
		t.Errorf("the format is wrong (-want +got):\n%s", diff)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// checkFamily checks that a family is a counter if its name says so, that it has a help text, and
// that it has the label of its server. The families of slots must have the labels of their slot and
// process.
func checkFamily(t *testing.T, f *dto.MetricFamily, server string) {
	t.Helper()
	kind, labels := dto.MetricType_GAUGE, "server"
	if strings.HasSuffix(f.GetName(), "_total") {
		kind = dto.MetricType_COUNTER
	}
	if strings.HasPrefix(f.GetName(), "threeloops_slot_") {
		labels = "server slot pid"
	} else if len(f.Metric) != 1 {
		t.Errorf("%s has %d samples, want one", f.GetName(), len(f.Metric))
	}
	if f.GetType() != kind || f.GetHelp() == "" {
		t.Errorf("%s is a %v with the help text %q; want a %v with a help text", f.GetName(), f.GetType(), f.GetHelp(), kind)
	}
	for _, m := range f.Metric {
		var names []string
		for _, l := range m.Label {
			names = append(names, l.GetName())
		}
		if got := strings.Join(names, " "); got != labels || m.Label[0].GetValue() != server {
			t.Errorf("%s has the labels %s for %s; want %s for %s", f.GetName(), got, m.Label[0].GetValue(), labels, server)
		}
	}
}

// value returns the value of a family's first sample.
func value(f *dto.MetricFamily) float64 {
	if f == nil || len(f.Metric) == 0 {
		return -1
	}
	return f.Metric[0].GetCounter().GetValue() + f.Metric[0].GetGauge().GetValue()
}
