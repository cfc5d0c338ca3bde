"""Prints what CloudFormation makes of a SAM template, as JSON: `transform.py <template>`, run in sam's own environment."""

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
print(json.dumps(yaml_parse(validator.get_translated_template_if_valid())))  # it comes as YAML
