#!/bin/sh
# Gives the user its password.

@connect@
@login@
