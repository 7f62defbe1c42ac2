"""The cluster, through kubectl: the user's own contexts, certificates and authentication plug-ins hold."""
