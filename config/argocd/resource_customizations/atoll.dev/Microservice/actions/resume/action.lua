-- Without the field, Git alone decides.
obj.spec.suspend = nil

return obj
