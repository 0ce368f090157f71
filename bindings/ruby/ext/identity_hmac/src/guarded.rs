//! How objects that hold a secret are made: complete, frozen, and without subclasses.

use magnus::typed_data::Obj;
use magnus::{Error, RClass, RModule, Ruby, TypedData, method, prelude::*};

/// Makes the class `name` in `module`, without instances that hold nothing and without subclasses.
pub(crate) fn define<T: TypedData>(
    ruby: &Ruby,
    module: RModule,
    name: &str,
) -> Result<RClass, Error> {
    module.define_class(name, ruby.class_object())?;
    // This also takes `allocate` away, which would make an object without a key in it.
    let class = T::class(ruby);
    class
        .singleton_class()?
        .define_private_method("inherited", method!(inherited, 1))?;
    Ok(class)
}

/// Ruby calls this when somebody makes a subclass of `class`.
fn inherited(ruby: &Ruby, class: RClass, _subclass: RClass) -> Result<(), Error> {
    Err(no_subclass(ruby, class))
}

/// `value` as a frozen object of `class`, which `new` was called on.
pub(crate) fn wrap<T: TypedData>(ruby: &Ruby, class: RClass, value: T) -> Result<Obj<T>, Error> {
    let only = T::class(ruby);
    // `class Name < Key` leaves a class of that name behind, although `inherited` raises.
    if !class.equal(only)? {
        return Err(no_subclass(ruby, only));
    }
    let object = ruby.obj_wrap(value);
    object.freeze();
    Ok(object)
}

/// A subclass's `initialize` would never be called, since the object is frozen when `new` has it.
fn no_subclass(ruby: &Ruby, class: RClass) -> Error {
    let message =
        format!("{class} cannot be subclassed; hold one in an instance variable of your own class");
    Error::new(ruby.exception_type_error(), message)
}
