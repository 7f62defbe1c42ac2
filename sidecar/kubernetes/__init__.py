"""The cluster, through kubectl: it uses the user's own contexts, certificates and plug-ins."""
