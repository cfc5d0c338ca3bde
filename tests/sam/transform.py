"""Prints what CloudFormation makes of a SAM template, as JSON: `transform.py <template>`.

Run by the Python of sam's own environment, which has the translator.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false

import json
import sys
from pathlib import Path

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse


class NoPolicies:
    """Managed policies by name need AWS; the template names none."""

    def load(self) -> dict[str, str]:
        """None."""
        return {}


template = yaml_parse(Path(sys.argv[1]).read_text())
validator = SamTemplateValidator(template, NoPolicies(), region="us-east-1")
json.dump(yaml_parse(validator.get_translated_template_if_valid()), sys.stdout)  # it comes as YAML
