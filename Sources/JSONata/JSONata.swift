// Sources of JSONata.
