"""Connections through proxies: each type a function that asks the proxy for a way, one file each.

`reach_through` is taken from `net.proxy.route` by who needs it: few jobs have a proxy.
"""
