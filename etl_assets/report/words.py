"""Words of ours as HTML."""

import markupsafe


def code(text: str) -> markupsafe.Markup:
    """Escaped, with what stands between backticks as code."""
    plain, *rest = text.split("`")
    parts = [markupsafe.escape(plain)]
    for number, part in enumerate(rest):
        parts.append(markupsafe.Markup("<code>{}</code>").format(part) if number % 2 == 0 else markupsafe.escape(part))
    return markupsafe.Markup("").join(parts)
