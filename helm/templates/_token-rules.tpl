{{/* Rendered by sidecar from sidecar/rules/tokens.py: what a token must not be, the first wins. */}}
{{- define "sidecar.token.rules" -}}
[
  {
    "id": "token-with-nul",
    "pattern": "\\x00",
    "cause": "contains a NUL character",
    "fix": "The source is not text: name the right file"
  },
  {
    "id": "token-with-line-break",
    "pattern": "[\n\r\u000b\f\u001c-\u001e\u0085\u2028\u2029]",
    "cause": "contains a line break",
    "fix": "Give one line with only the token"
  },
  {
    "id": "token-with-space",
    "pattern": "[\t\u001f \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]",
    "cause": "contains a space",
    "fix": "Copy only the token"
  },
  {
    "id": "token-with-invisible-character",
    "pattern": "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]",
    "cause": "contains an invisible character, such as a byte order mark",
    "fix": "Copy only the token, as plain text"
  },
  {
    "id": "token-with-control-character",
    "pattern": "[\\x01-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f]",
    "cause": "contains a control character",
    "fix": "Copy only the token"
  },
  {
    "id": "token-beyond-ascii",
    "pattern": "[^\\x00-\\x7f\n\r\u000b\f\u001c-\u001e\u0085\u2028\u2029\t\u001f \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\\x01-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f'\"`\u2018\u2019\u201c\u201d]",
    "cause": "contains a character outside ASCII, perhaps a look-alike",
    "fix": "Copy only the token from the console"
  },
  {
    "id": "token-in-quotes",
    "pattern": "\\A['\"`\u2018\u2019\u201c\u201d][\\s\\S]*['\"`\u2018\u2019\u201c\u201d]\\z",
    "cause": "is in quotes",
    "fix": "Give it without quotes"
  },
  {
    "id": "token-with-quote",
    "pattern": "\\A[^'\"`\u2018\u2019\u201c\u201d][\\s\\S]*['\"`\u2018\u2019\u201c\u201d]|['\"`\u2018\u2019\u201c\u201d][\\s\\S]*[^'\"`\u2018\u2019\u201c\u201d]\\z|\\A['\"`\u2018\u2019\u201c\u201d]\\z",
    "cause": "contains a quote",
    "fix": "Copy only the token"
  },
  {
    "id": "token-with-comma",
    "pattern": ",",
    "cause": "contains a comma, at which the agent would split it",
    "fix": "Copy only the token"
  },
  {
    "id": "token-is-variable",
    "pattern": "\\$\\{|\\$\\(|\\A\\$[A-Za-z_][A-Za-z0-9_]*\\z",
    "cause": "is a variable that nothing has expanded",
    "fix": "Give its value: an agent silently drops the tag of an unset variable"
  },
  {
    "id": "token-with-doubled-dollar",
    "pattern": "\\$\\$",
    "cause": "contains `$$`, which is how a Compose file writes `$`",
    "fix": "Write each `$` once: Compose does not read the token's file"
  },
  {
    "id": "token-is-placeholder",
    "pattern": "\\A(?:<.*>|\\{\\{.*\\}\\}|\\*{3,}|[xX]{6,})\\z",
    "cause": "is a placeholder",
    "fix": "Copy it from the access-point page of the region"
  },
  {
    "id": "token-is-endpoint",
    "pattern": "://|/api/",
    "cause": "is an HTTP endpoint",
    "fix": "Give the part between `adapt_` and `/api/`, or the token of the page's gRPC row"
  },
  {
    "id": "token-begins-with-dash",
    "pattern": "\\A-",
    "cause": "begins with `-`, as a flag does",
    "fix": "Give the token, or the agent's whole `--agent.tags=Authentication=...`"
  },
  {
    "id": "token-too-long",
    "pattern": "[\\s\\S]{1000}[\\s\\S]{25}",
    "cause": "is longer than 1,024 characters",
    "fix": "The vendor's tokens have about 50 characters: copy only the token"
  }
]
{{- end -}}
