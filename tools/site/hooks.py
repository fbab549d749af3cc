"""Pages of the site that are files elsewhere, and the sources of examples as pages that can be looked at."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {"README.md": "index.md", "ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\]\((?!https?:|#)(?P<target>[^)#]+)(?P<anchor>#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    for name, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=_for_site((ROOT / name).read_text())))
    return files


def _for_site(text: str) -> str:
    """Have links of files in the root lead to pages; what is no page stands without a link."""

    def lead(match: re.Match[str]) -> str:
        target = match["target"]
        page = ELSEWHERE.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
        return "]" if page is None else f"]({page}{match['anchor'] or ''})"

    return _LINK.sub(lead, text)
