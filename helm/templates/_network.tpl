{{/* Rules of NetworkPolicies, as items of a list. Names cannot be rules: an egress rule opens a port. */}}

{{- define "sidecar.network.dns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end -}}

{{- define "sidecar.network.gateway" -}}
- ports:
    - {port: {{ .Values.gateway.port }}, protocol: TCP}
  {{- if and .Values.standIn.enabled (not .Values.gateway.host) }}
  to:
    - podSelector:
        matchLabels:
          {{- include "sidecar.selector" (dict "root" . "component" "gateway") | nindent 10 }}
  {{- else if .Values.networkPolicy.gatewayCidrs }}
  to:
    {{- range .Values.networkPolicy.gatewayCidrs }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* One port of one component of this release. */}}
{{- define "sidecar.network.to" -}}
- ports:
    - {port: {{ .port }}, protocol: TCP}
  to:
    - podSelector:
        matchLabels:
          {{- include "sidecar.selector" . | nindent 10 }}
{{- end -}}

{{/* Out: DNS, the gateway's port, the workload's peers, and what the values add. Takes root and workload. */}}
{{- define "sidecar.network.egress" -}}
{{- $root := .root -}}
{{- include "sidecar.network.dns" $root }}
{{ include "sidecar.network.gateway" $root }}
{{- range $variable, $peer := .workload.peers }}
{{ include "sidecar.network.to" (dict "root" $root "component" $peer.service "port" (get $root.Values.services $peer.service).port) }}
{{- end }}
{{- with .gatewayPage }}
{{ include "sidecar.network.to" (dict "root" $root "component" "gateway" "port" .) }}
{{- end }}
{{- with $root.Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* In: the service's port; the agents' admin port from the monitoring namespace alone. */}}
{{- define "sidecar.network.ingress" -}}
{{- $root := .root -}}
{{- with .workload.port }}
- ports:
    - {port: {{ . }}, protocol: TCP}
  {{- with $root.Values.networkPolicy.ingressFrom }}
  from:
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: {{ $root.Chart.Name }}
          app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if $root.Values.metrics.enabled }}
- ports:
    - {port: 14271, protocol: TCP}
  from:
    - namespaceSelector:
        matchLabels:
          {{- toYaml $root.Values.metrics.namespaceLabels | nindent 10 }}
{{- end }}
{{- end -}}

{{- define "sidecar.network.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "sidecar.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "sidecar.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with include "sidecar.network.ingress" . | trim }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  egress:
    {{- include "sidecar.network.egress" . | nindent 4 }}
{{- end -}}
