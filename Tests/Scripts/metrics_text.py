"""Has Prometheus' own library read metrics; prints types by name, and values by name and labels, in JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def name_of(sample):
    return sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items()))


def main():
    families = list(text_string_to_metric_families(sys.stdin.read()))
    assert families, "no metrics"
    assert len({family.name for family in families}) == len(families), "a metric twice"
    assert all(family.documentation for family in families), "a metric without help"
    samples = [(name_of(sample), sample.value) for family in families for sample in family.samples]
    assert len(dict(samples)) == len(samples), "a sample twice"
    print(json.dumps({"types": {family.name: family.type for family in families}, "samples": dict(samples)}))


main()
