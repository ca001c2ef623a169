"""What users do: one public function, one use case, one unit of work."""
