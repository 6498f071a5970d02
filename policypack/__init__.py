"""The CrossGuard policy pack: costtags.check inside Pulumi's policy engine."""
