{{/* Rules of NetworkPolicies, as items of a list. Rules cannot name hosts: egress opens ports. */}}

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

{{/* Where agents send: the gateway, the forwarder, or the relay, whose counters verify reads. */}}
{{- define "sidecar.network.reporter" -}}
{{- if and (include "sidecar.agent.isCollector" .) .Values.relay.replicas -}}
{{ include "sidecar.network.to" (dict "root" . "component" "relay" "port" 4317) }}
{{ include "sidecar.network.to" (dict "root" . "component" "relay" "port" 8888) }}
{{- else if include "sidecar.agent.isCollector" . -}}
{{ include "sidecar.network.to" (dict "root" . "component" "forwarder" "port" 14317) }}
{{- else -}}
{{ include "sidecar.network.gateway" . }}
{{- if .Values.agent.canary }}
{{ include "sidecar.network.to" (dict "root" . "component" "forwarder" "port" 14317) }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* One port of one component of this release. Takes root, component and port. */}}
{{- define "sidecar.network.to" -}}
- ports:
    - {port: {{ .port }}, protocol: TCP}
  to:
    - podSelector:
        matchLabels:
          {{- include "sidecar.selector" . | nindent 10 }}
{{- end -}}

{{/* Egress: DNS, the gateway's or the forwarder's port, the workload's peers, and what the values add. Takes root,
workload and gatewayPage. */}}
{{- define "sidecar.network.egress" -}}
{{- $root := .root -}}
{{- include "sidecar.network.dns" $root }}
{{ include "sidecar.network.reporter" $root }}
{{- range $variable, $peer := .workload.peers }}
{{- $port := include "sidecar.peer.port" (dict "root" $root "peer" $peer) }}
{{ include "sidecar.network.to" (dict "root" $root "component" $peer.service "port" $port) }}
{{- end }}
{{- with .gatewayPage }}
{{ include "sidecar.network.to" (dict "root" $root "component" "gateway" "port" .) }}
{{- end }}
{{- with concat $root.Values.networkPolicy.extraEgress (.workload.extraEgress | default list) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Ingress: the service's ports, and the agent's admin port from the monitoring namespace. */}}
{{- define "sidecar.network.ingress" -}}
{{- $root := .root -}}
{{- if or .workload.port .workload.extraPorts }}
- ports:
    {{- with .workload.port }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
    {{- range .workload.extraPorts }}
    - {port: {{ int .port }}, protocol: {{ .protocol | default "TCP" }}}
    {{- end }}
  {{- with .workload.ingressFrom | default $root.Values.networkPolicy.ingressFrom }}
  from:
    - podSelector:
        matchLabels:
          {{- include "sidecar.selector.release" $root | nindent 10 }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if $root.Values.metrics.enabled }}
- ports:
    - {port: {{ include "sidecar.agent.adminPort" $root }}, protocol: TCP}
  from:
    - namespaceSelector:
        matchLabels:
          {{- toYaml $root.Values.metrics.namespaceLabels | nindent 10 }}
    {{- if $root.Values.watch.enabled }}
    - podSelector:
        matchLabels:
          {{- include "sidecar.selector" (dict "root" $root "component" "sidecar-watch") | nindent 10 }}
    {{- end }}
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
