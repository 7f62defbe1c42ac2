{{/* When a CronJob starts, as Kubernetes reads it. */}}

{{/* Name, values and what to give of each part of a schedule; a test compares them with a spec's. */}}
{{- define "sidecar.schedule.parts" -}}
- {name: minute, values: '[0-5]?[0-9]', give: 0 to 59}
- {name: hour, values: '[01]?[0-9]|2[0-3]', give: 0 to 23}
- {name: day, values: '0?[1-9]|[12][0-9]|3[01]', give: 1 to 31}
- name: month
  values: '0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC'
  give: 1 to 12 or JAN to DEC
- {name: weekday, values: '0?[0-6]|SUN|MON|TUE|WED|THU|FRI|SAT', give: 0 to 6 or SUN to SAT; Sunday is 0}
{{- end -}}

{{/* Takes path and schedule. */}}
{{- define "sidecar.validate.schedule" -}}
{{- $words := regexSplit " +" .schedule -1 -}}
{{- $names := "@(yearly|annually|monthly|weekly|daily|midnight|hourly)" -}}
{{- $every := "@every ([0-9]+([.][0-9]+)?(ms|s|m|h))+" -}}
{{- if not (regexMatch (printf "^(%s|%s)$" $names $every) .schedule) -}}
{{- if ne (len $words) 5 -}}
{{- $fix := "Give minute, hour, day, month and weekday, such as \"30 4 * * *\", or @daily" -}}
{{- fail (printf "%s: %q is not a schedule. %s" .path .schedule $fix) -}}
{{- end -}}
{{- range $index, $part := include "sidecar.schedule.parts" . | fromYamlArray -}}
{{- $word := index $words $index -}}
{{- $item := printf "([*?]|(%s)(-(%s))?)(/[1-9][0-9]{0,3})?" $part.values $part.values -}}
{{- if not (regexMatch (printf "(?i)^%s(,%s)*$" $item $item) $word) -}}
{{- $fix := printf "Give %s, * for any, a range, a list, or a step such as */2" $part.give -}}
{{- fail (printf "%s: %q is no %s. %s" $.path $word $part.name $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
