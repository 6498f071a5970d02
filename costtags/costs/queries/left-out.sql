-- What the other queries leave out: tax, AWS Support, fees and unused commitment of Savings Plans, other products.
--
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: sagemaker
SELECT
  billing_period AS month,
  part,
  product_code,
  line_type,
  SUM(cost) AS amount
FROM lines
WHERE part <> 'sagemaker'
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 5 DESC, 3, 4
