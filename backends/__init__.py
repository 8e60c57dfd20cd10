"""One adapter per framework; `xbench.contracts` says what each promises."""
