"""Reads SAM templates, expands them offline and lints what they expand to.

Reads {name: {"template": text, "lint": whether}} as JSON from standard input and answers
{name: report} on standard output. A report has the template as JSON, its expansion, and the
findings: those of the expansion when it fails, else those of cfn-lint. Many variants share one
start of the tools, which takes long.
"""

import json
import logging
import os
import sys
from concurrent.futures import ProcessPoolExecutor

REGION = "eu-central-1"
os.environ["AWS_DEFAULT_REGION"] = REGION

from cfnlint.api import lint
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

PARAMETERS = {"PublicUrl": "https://takings.example", "MailFrom": "reports@takings.example"}


class NoManagedPolicies:
    """Stands in for the look-up of policies by name, which needs an account."""

    def load(self):
        return {}


def report(variant):
    text = variant["template"]
    expanded, findings = None, []
    try:
        expanded = transform(packaged(yaml_parse(text)), dict(PARAMETERS), NoManagedPolicies())
    except InvalidDocumentException as error:
        findings = [{"rule": "expansion", "message": cause.message} for cause in error.causes]
    if expanded and variant["lint"]:
        matches = lint(json.dumps(expanded), regions=[REGION])
        findings = [{"rule": match.rule.id, "message": match.message} for match in matches]
    return {"template": yaml_parse(text), "expanded": expanded, "findings": findings}


def packaged(template):
    """The template as `sam deploy` hands it over: code in a bucket, not in a folder."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return template


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    variants = json.load(sys.stdin)
    with ProcessPoolExecutor() as pool:
        reports = dict(zip(variants, pool.map(report, variants.values())))
    json.dump(reports, sys.stdout)
