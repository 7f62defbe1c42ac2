"""The rule book: what is wrong with a value, decided once for all commands.

The rules are pure functions over plain values. Each returns the problems of a value; whoever read
the value adds the subject and the place. The package imports only `sidecar.findings` of the kit.
"""
