module keyhold.invalid/unavailable
