"""The attacker: who tries to tell who or what was erased.

Recognition lives here, and nowhere in efface.
"""
