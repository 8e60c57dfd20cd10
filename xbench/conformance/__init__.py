"""The contract of `xbench.contracts`, asked of any adapter, in real worker processes.

    python -m xbench.conformance package.module:Class [--device cuda:0] [--mode eager] [--all]

which is `pytest -p xbench.conformance.plugin --pyargs xbench.conformance --backend ...`: pytest
looks for no options in a package that it is given by name.

A check that fails says in one sentence what was asked, what was found and where the contract says
it. An adapter is done when none does; what it does not support is skipped, with its own reason.
"""
