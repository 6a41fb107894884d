int measure_unused;
