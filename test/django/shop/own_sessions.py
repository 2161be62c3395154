"""The page's session backend as a class of another name, which the salt of its signatures follows."""

from shop.sessions import SessionStore as DocumentedStore


class ShopSession(DocumentedStore):
    pass


SessionStore = ShopSession
